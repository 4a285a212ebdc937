from pathlib import Path

from matching import Network

from model_training.tracker.fear_tracker import FEARTracker


def load_hydra_config_from_path(config_path, config_name, overrides=None):
    assert Path(config_path, f"{config_name}.yaml").is_file(), "the working directory is the root"
    assert overrides == ["model.pretrained=false"], "or the backbone would be fetched"
    tracker = {"make": FEARTracker, "values": {"template_size": 128}}
    return {"model": {"make": Network, "values": {}}, "tracker": tracker}
