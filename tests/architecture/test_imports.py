"""What import-linter cannot see: each check runs in a fresh interpreter."""

import subprocess
import sys
import textwrap

import pytest

PURE = ["generation.pipeline", "annotation.design", "analysis.metrics", "analysis.stats", "analysis.report"]


def run(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True)


@pytest.mark.parametrize("package", PURE)
def test_a_pure_package_imports_with_django_absent(package: str) -> None:
    result = run(
        f"""
        import importlib, pkgutil, sys

        class NoDjango:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in ("django", "celery"):
                    raise ModuleNotFoundError(f"{{name}} was asked for")

        sys.meta_path.insert(0, NoDjango())
        parent = "{package}".rpartition(".")[0]
        # The rooms' own __init__ files are empty; prism_site is never imported from here.
        package = importlib.import_module("{package}")
        modules = [m.name for m in pkgutil.walk_packages(package.__path__, "{package}.")]
        assert modules, "the package is empty"
        for name in modules:
            importlib.import_module(name)
        """
    )
    assert result.returncode == 0, result.stderr


def test_the_web_process_never_loads_torch() -> None:
    result = run(
        """
        import os, sys
        os.environ["DJANGO_SETTINGS_MODULE"] = "prism_site.settings"
        import django
        django.setup()
        import prism_site.urls
        from django.urls import get_resolver
        assert len(get_resolver().url_patterns) > 5
        loaded = {name.partition(".")[0] for name in sys.modules} & {"torch", "transformers", "implicit"}
        assert not loaded, loaded
        """
    )
    assert result.returncode == 0, result.stderr


def test_the_web_process_loads_in_the_absence_of_the_generation_extra() -> None:
    result = run(
        """
        import os, sys

        class NoTorch:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in ("torch", "transformers", "tokenizers", "safetensors", "accelerate"):
                    raise ModuleNotFoundError(f"{name} was asked for")

        sys.meta_path.insert(0, NoTorch())
        os.environ["DJANGO_SETTINGS_MODULE"] = "prism_site.settings"
        import django
        django.setup()
        import prism_site.urls
        from django.core.management import call_command
        call_command("check")
        """
    )
    assert result.returncode == 0, result.stderr
