import json
from pathlib import Path


def read_config(path, defaults=None):
    settings = dict(defaults or {})
    try:
        with open(path, encoding="utf-8") as file:
            settings.update(json.load(file))
    except FileNotFoundError:
        print(f"no file at {path}, using defaults")
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON") from error
    finally:
        print("done")
    return settings


if __name__ == "__main__":
    print(read_config(Path("settings.json")))
