"""Files on Amazon S3, and on stores that speak its protocol, for Pegboard."""
