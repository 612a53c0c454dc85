"""What the service tells about itself while it works. Used by every floor above; knows none of them."""
