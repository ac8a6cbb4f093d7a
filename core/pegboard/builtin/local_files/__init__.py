"""Files in a folder of this machine: the embedded provider of the capability `files`."""
