"""The page around everything: templates, guards, forms, errors, headers, health."""
