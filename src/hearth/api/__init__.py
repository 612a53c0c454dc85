"""The orchestration REST API, version 1, as Heat's clients know it. `app.create_app` is the door."""
