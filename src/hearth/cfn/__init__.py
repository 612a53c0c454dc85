"""The query APIs of CloudFormation (and signals by signed URLs) and CloudWatch. Open `face.py` first."""
