def instantiate(config, **more):
    return config["make"](**config["values"], **more)
