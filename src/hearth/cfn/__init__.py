"""The CloudFormation-compatible API: signals by signed URLs. Open `app.py` first."""
