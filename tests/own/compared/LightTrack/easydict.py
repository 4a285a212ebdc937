class EasyDict(dict):
    __getattr__ = dict.__getitem__
