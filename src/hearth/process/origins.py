"""Which web pages may call an API from a browser (CORS), as the section [cors] says: oslo.middleware's options."""

from oslo_config import cfg
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp


def opened(app: ASGIApp, conf: cfg.ConfigOpts) -> ASGIApp:
    """The application as pages of the allowed origins may call it; as it is when there are none."""
    options = conf.cors
    if not options.allowed_origin:
        return app
    return CORSMiddleware(
        app,
        allow_origins=options.allowed_origin,
        allow_credentials=options.allow_credentials,
        allow_methods=options.allow_methods,
        allow_headers=options.allow_headers,
        expose_headers=options.expose_headers,
        max_age=options.max_age,
    )
