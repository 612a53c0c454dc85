"""Resource types, one package per service. They know the cloud and the template, never the engine."""
