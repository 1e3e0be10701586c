"""Django settings, read from the environment and safe by default.

`FLORIN_ENV` is `production` unless the environment says `development` or `test`; only outside production does a
missing value get a convenient default. `docs/configuration.md` lists every variable. What production must not be
started with is refused by `config.checks`.
"""

from pathlib import Path

import environ

from config.logs import JSON, TEXT, logging_settings
from config.mail import mail_settings

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("DATA_DIR", default=str(BASE_DIR / ".data")))

FLORIN_ENV = env.str("FLORIN_ENV", default="production")
IS_PRODUCTION = FLORIN_ENV not in {"development", "test"}
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="" if IS_PRODUCTION else "florin-development-only-key-never-in-production")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if IS_PRODUCTION else ["127.0.0.1", "localhost", "[::1]"])

# --- the bank -------------------------------------------------------------------------------------------------
CURRENCIES = env.list("CURRENCIES", default=["INR", "BRL", "EUR", "USD"])
DEFAULT_CURRENCY = env.str("DEFAULT_CURRENCY", default="INR")
# Major units per transfer: one number for all currencies, or `INR=10000,USD=500`.
TRANSFER_CAP = env.str("TRANSFER_CAP", default="10000")
# `0`, an amount (`1000`) or two bounds for a random amount (`1-10000`), in major units of the account's currency.
OPENING_BALANCE = env.str("OPENING_BALANCE", default="0")
# Seconds a transfer may take, waiting included, before the customer is told to ask again.
TRANSFER_DEADLINE_SECONDS = env.int("TRANSFER_DEADLINE_SECONDS", default=10)

# --- checkpoints (ledger.checkpoints) -------------------------------------------------------------------------
# The private Ed25519 key in base64, for the worker alone; without one it makes no checkpoints.
CHECKPOINT_KEY = env.str("CHECKPOINT_KEY", default="")
# The public keys by which checkpoints are checked, older ones too, separated by commas.
CHECKPOINT_PUBLIC_KEYS = env.list("CHECKPOINT_PUBLIC_KEYS", default=[])
# Seconds between two checkpoints, while entries come in.
CHECKPOINT_SECONDS = env.int("CHECKPOINT_SECONDS", default=30)

# --- verification in small parts (ledger.inspection) ----------------------------------------------------------
# Entries that one part checks, seconds between two parts, and from the beginning of a round to that of the next.
VERIFICATION_STEP_ENTRIES = env.int("VERIFICATION_STEP_ENTRIES", default=500)
VERIFICATION_STEP_SECONDS = env.float("VERIFICATION_STEP_SECONDS", default=1.0)
VERIFICATION_ROUND_SECONDS = env.int("VERIFICATION_ROUND_SECONDS", default=300)

# --- the worker -----------------------------------------------------------------------------------------------
# Threads of each worker for each consumer of events: notifications, e-mails, webhooks.
DELIVERY_THREADS = env.int("DELIVERY_THREADS", default=2)

# --- e-mail (config.mail) -------------------------------------------------------------------------------------
# Without an address e-mails are written into files, in production thrown away.
EMAIL_URL = env.str("EMAIL_URL", default="")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Florin <bank@florin.example>")
EMAIL_TIMEOUT = 10
_mail = mail_settings(EMAIL_URL, folder=None if IS_PRODUCTION else DATA_DIR / "mail")
EMAIL_BACKEND, EMAIL_FILE_PATH = _mail["backend"], _mail["folder"]
EMAIL_HOST, EMAIL_PORT = _mail["host"], _mail["port"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["user"], _mail["password"]
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail["tls"], _mail["ssl"]

# --- request limits -------------------------------------------------------------------------------------------
RATE_LIMIT_API = env.str("RATE_LIMIT_API", default="500/15m")
RATE_LIMIT_STRICT = env.str("RATE_LIMIT_STRICT", default="50/15m")
# Addresses or networks whose X-Forwarded-For is believed; nobody's by default.
TRUSTED_PROXIES = env.list("TRUSTED_PROXIES", default=[])

# --- webhooks -------------------------------------------------------------------------------------------------
# Networks besides the public internet whose servers customers may have called, and without encryption: nobody's.
WEBHOOK_ALLOWED_NETWORKS = env.list("WEBHOOK_ALLOWED_NETWORKS", default=[])

# --- Django ---------------------------------------------------------------------------------------------------
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False
USE_TZ = True
TIME_ZONE = "UTC"
# The languages of the pages and e-mails, each in its own words; the API speaks English (docs/translating.md).
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("pt-br", "Português (Brasil)")]
LOCALE_PATHS = [BASE_DIR / "banking" / "locale"]
LANGUAGE_COOKIE_NAME = "language"

INSTALLED_APPS = [
    "config.apps.AuthConfig",
    "config.apps.ContentTypesConfig",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_mongodb_backend",
    "rest_framework",
    "drf_spectacular",
    "csp",
    "django_htmx",
    "config.apps.FlorinConfig",
    "accounts",
    "ledger",
    "banking",
]

MIDDLEWARE = [
    "banking.observing.ObservingMiddleware",
    "banking.limits.LimitsToldMiddleware",
    "config.middleware.ClientAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "banking.web.middleware.compression",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "banking.web.middleware.language",
    "banking.web.middleware.content_policy",
    "banking.web.middleware.session",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "banking.web.middleware.sign_in",
    "banking.web.middleware.messages",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "banking.failures.FailureMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "banking.web.context.site",
            ],
        },
    },
]

# --- database -------------------------------------------------------------------------------------------------
# Whose credentials migrations use; empty for those of everything else. No web process gets it (config.uris).
MONGODB_OWNER_URI = env.str("MONGODB_OWNER_URI", default="")
DATABASES = {
    "default": {
        "ENGINE": "django_mongodb_backend",
        "HOST": env.str("MONGODB_URI", default="mongodb://127.0.0.1:27017/?replicaSet=florin"),
        "NAME": env.str("MONGODB_DATABASE", default="florin"),
        "OPTIONS": {
            "appname": "florin",
            "w": "majority",
            "journal": True,
            "readConcernLevel": "majority",
            "retryWrites": True,
            "serverSelectionTimeoutMS": 5_000,
            # Also how long a primary that stopped without closing its connections is waited for, after a heartbeat;
            # then all requests that hang on them are freed at once and go on with the new one.
            "connectTimeoutMS": 2_000,
            # How long a primary that was taken for gone may stay unknown; the default is ten seconds.
            "heartbeatFrequencyMS": 1_000,
        },
    }
}
DEFAULT_AUTO_FIELD = "django_mongodb_backend.fields.ObjectIdAutoField"
MIGRATION_MODULES = {
    "auth": "config.migrations.auth",
    "contenttypes": "config.migrations.contenttypes",
    "florin": "config.migrations.florin",
}

# Counters of the request limits; they need not survive a fail-over. Browser sessions have to, and are no cache.
_COUNTERS = {"LOCATION": "cache_counters", "OPTIONS": {"DURABLE": False}}
CACHES = {
    "default": {"BACKEND": "config.cache.MongoCache", **_COUNTERS},
    "limits": {"BACKEND": "config.cache.CountingCache", **_COUNTERS},
}
RATELIMIT_USE_CACHE = "limits"
# django-ratelimit knows only the caches Django ships; config.cache is shared and atomic (see its tests).
SILENCED_SYSTEM_CHECKS = ["django_ratelimit.W001"]

# --- people ---------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.EmailBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.BCryptSHA256PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
     "OPTIONS": {"user_attributes": ("email", "first_name", "last_name")}},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 6}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]  # fmt: skip
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "dashboard"
LOGOUT_REDIRECT_URL = "landing"

SESSION_ENGINE = "accounts.session_store"
SESSION_COOKIE_NAME = "florin_session"
SESSION_COOKIE_AGE = 60 * 60 * 12
SESSION_COOKIE_SECURE = IS_PRODUCTION
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = IS_PRODUCTION
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "banking.web.failures.csrf_failure"
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

# --- tokens for programs (accounts.tokens) --------------------------------------------------------------------
TOKEN_COOKIE_NAME = "florin_token"  # noqa: S105 - the cookie's name, not a secret
TOKEN_COOKIE_SECURE = IS_PRODUCTION
TOKEN_ACCESS_DAYS = 3
TOKEN_REFRESH_DAYS = 14

# --- transport ------------------------------------------------------------------------------------------------
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=IS_PRODUCTION)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365 if IS_PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_PRODUCTION
SECURE_HSTS_PRELOAD = IS_PRODUCTION
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "font-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

# --- static files ---------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
# Outside production files are served from where they are; nothing is collected.
STATIC_ROOT = BASE_DIR / "staticfiles" if IS_PRODUCTION else None
STATIC_SOURCE = BASE_DIR / "static"
STATICFILES_DIRS = [STATIC_SOURCE]
# One style sheet and one script are made of many (config.bundles), and lie here.
BUNDLES_ROOT = BASE_DIR / ".bundles"
STATICFILES_FINDERS = ["config.bundles.BundleFinder", "django.contrib.staticfiles.finders.FileSystemFinder"]
WHITENOISE_USE_FINDERS = not IS_PRODUCTION
# On a developer's machine an edited file is there with the next page.
WHITENOISE_AUTOREFRESH = FLORIN_ENV == "development"
STORAGES = {
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if IS_PRODUCTION
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        )
    }
}

# --- REST -----------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["banking.api.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["banking.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "banking.api.negotiation.JsonNegotiation",
    "URL_FORMAT_OVERRIDE": None,
    "EXCEPTION_HANDLER": "banking.api.failures.exception_handler",
    "UNAUTHENTICATED_USER": None,
    # OPTIONS would describe every field to anybody.
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "banking.openapi.schema.DescribedSchema",
}

# The description of the API (banking.openapi).
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.1",
    "TITLE": "Florin",
    "DESCRIPTION": (
        "The API of Florin, an open-source bank. Money is a decimal string in major units, times are ISO 8601 in UTC, "
        "an identifier is `_id`. Every error has one form; programs compare its `code`."
    ),
    "VERSION": "1",
    "SERVERS": [{"url": "/"}],
    "SORT_OPERATIONS": False,
    "SORT_OPERATION_PARAMETERS": False,
    "COMPONENT_SPLIT_PATCH": False,
    "POSTPROCESSING_HOOKS": ["banking.openapi.hooks.complete"],
    "ENABLE_DJANGO_DEPLOY_CHECK": False,
}

# --- what is told of the work (config.logs, banking.observing, config.tracing) ----------------------------------
# A command to the database that takes longer than this gets a log line; 0 for none. Those of a transfer are timed
# always, all others (reads, sign-ins, sessions) only with WATCH_DATABASE: listening to the driver costs.
SLOW_DATABASE_MS = env.int("SLOW_DATABASE_MS", default=500)
WATCH_DATABASE = env.bool("WATCH_DATABASE", default=False)
# Addresses or networks that may read /metrics; for everybody else the address does not exist.
METRICS_ALLOWED = env.list("METRICS_ALLOWED", default=[] if IS_PRODUCTION else ["127.0.0.0/8", "::1"])
# Who receives traces (OTLP over HTTP); nobody unless it is set.
OTEL_EXPORTER_OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", default="")
LOG_FORMAT = env.str("LOG_FORMAT", default=JSON if IS_PRODUCTION else TEXT)
LOGGING = logging_settings(level=env.str("LOG_LEVEL", default="INFO"), as_json=LOG_FORMAT == JSON)
