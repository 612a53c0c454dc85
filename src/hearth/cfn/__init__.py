"""The CloudFormation-compatible API: query actions, and signals by signed URLs. Open `app.py` first."""
