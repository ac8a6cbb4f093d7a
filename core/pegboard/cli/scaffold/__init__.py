"""What `pegboard plugins new` writes: the checks, the templates of the files, and stubs made from a capability's contract."""
