"""What every service of the embedded cloud stands on: state, clock, requests, quotas, faults, regular collections."""
