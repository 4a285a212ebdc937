import torch


def load_from_lighting(model, checkpoint_path, map_location=None, strict=True):
    found = torch.load(checkpoint_path, map_location=map_location)["state_dict"]
    state = {name.removeprefix("model."): value for name, value in found.items()}
    model.load_state_dict(state, strict=strict)
    return model
