"""Settings of a Horizon for one run; `browser.py` puts them beside those that Horizon ships.

HORIZON_KEYSTONE is the identity service, HORIZON_REGION the region whose services are used, HORIZON_FOLDER a folder for
its files.
"""

import os
import pathlib

_FOLDER = pathlib.Path(os.environ["HORIZON_FOLDER"])

DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1"]
SECRET_KEY = "only for this run"
WEBROOT = "/"
LOCAL_PATH = str(_FOLDER)
STATIC_ROOT = str(_FOLDER / "static")
COMPRESS_ENABLED = False
COMPRESS_OFFLINE = False
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
SESSION_ENGINE = "django.contrib.sessions.backends.cache"
OPENSTACK_KEYSTONE_URL = os.environ["HORIZON_KEYSTONE"]
OPENSTACK_API_VERSIONS = {"identity": 3, "image": 2, "volume": 3}
OPENSTACK_KEYSTONE_MULTIDOMAIN_SUPPORT = False
OPENSTACK_KEYSTONE_DEFAULT_DOMAIN = "Default"
DEFAULT_SERVICE_REGIONS = {"*": os.environ["HORIZON_REGION"]}
OPENSTACK_HEAT_STACK = {"enable_user_pass": False}
LOGGING = {"version": 1, "disable_existing_loggers": False}
