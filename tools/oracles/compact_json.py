"""JSON that is small and still readable in a diff."""

import json


def dump(value, level=0):
    """JSON with one line per row of numbers."""
    pad = " " * (level + 1)
    flat = isinstance(value, (int, float, str, bool)) or value is None or (
        isinstance(value, (list, dict)) and len(json.dumps(value)) < 200
        and not any(isinstance(x, (list, dict)) for x in (value.values() if isinstance(value, dict) else value)))
    if flat:
        return json.dumps(value)
    if isinstance(value, dict):
        items = [f"{pad}{json.dumps(k)}: {dump(x, level + 1)}" for k, x in value.items()]
        return "{\n" + ",\n".join(items) + "\n" + " " * level + "}"
    if all(isinstance(x, (int, float)) for x in value):
        lines = [", ".join(json.dumps(x) for x in value[i:i + 5]) for i in range(0, len(value), 5)]
        return "[\n" + ",\n".join(pad + line for line in lines) + "\n" + " " * level + "]"
    return "[\n" + ",\n".join(pad + dump(x, level + 1) for x in value) + "\n" + " " * level + "]"
