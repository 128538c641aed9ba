"""Reports: reading them as one viewer may see them, counting them, writing them."""
