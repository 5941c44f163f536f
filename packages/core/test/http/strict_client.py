"""Follows a stream with Python's jsonpatch until it ends, then prints the copy as JSON."""

import json
import sys
import urllib.request

import jsonpatch

state = {}
with urllib.request.urlopen(sys.argv[1]) as response:
    for line in response:
        field, _, data = line.decode("utf-8").rstrip("\n").partition(": ")
        if field != "data":
            continue
        event = json.loads(data)
        if event["type"] == "state.initial":
            state = event["slices"]
        elif event["type"] == "state.update":
            name = event["slice"]
            if event.get("removed"):
                del state[name]
            elif "value" in event:
                state[name] = event["value"]
            else:
                state[name] = jsonpatch.apply_patch(state[name], event["patches"])
print(json.dumps(state))
