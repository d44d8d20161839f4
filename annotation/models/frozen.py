"""Guards the database cannot express: rows frozen once their study opens, and rows that are only ever
added."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models

DRAFT = "draft"


class StudyFrozen(Exception):
    """An opened study was to be changed. What people have judged must stay what they judged."""


class AppendOnly(Exception):
    """A line of a log was to be changed or removed. Logs only grow."""


class FrozenQuerySet(models.QuerySet):
    """Refuses bulk changes to rows of a study that has been opened."""

    def update(self, **changes: Any) -> int:
        frozen = sorted(set(changes) - self.model.may_change)
        if frozen:
            self._refuse_if_opened(f"change {', '.join(frozen)}")
        return super().update(**changes)

    def delete(self) -> tuple[int, dict[str, int]]:
        self._refuse_if_opened("delete rows")
        return super().delete()

    def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
        objs = list(objs)
        if not self.model.grows:
            for study in {row.frozen_study() for row in objs}:
                _refuse_unless_draft(study, self.model, "add rows")
        return super().bulk_create(objs, *args, **kwargs)

    def _refuse_if_opened(self, act: str) -> None:
        path = f"{self.model.study_path}__status" if self.model.study_path else "status"
        row = self.exclude(**{path: DRAFT}).first()
        if row is not None:
            _refuse_unless_draft(row.frozen_study(), self.model, act)

    # Declared by Django for templates; kept through the override.
    update.alters_data = True  # type: ignore[attr-defined]
    delete.alters_data = True  # type: ignore[attr-defined]


class Frozen(models.Model):
    """A row that may be written while its study is a draft and not afterwards."""

    study_path: ClassVar[str] = "study"
    """Attributes from the row to its study, joined by `__`; empty on the study itself."""
    may_change: ClassVar[frozenset[str]] = frozenset()
    """Fields that go on changing in an opened study."""
    grows: ClassVar[bool] = False
    """True where new rows may be added to an opened study."""

    objects = FrozenQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            changed = sorted(self._changed_fields() - self.may_change)
            if changed:
                _refuse_unless_draft(self.frozen_study(), type(self), f"change {', '.join(changed)}")
        elif self.study_path and not self.grows:
            _refuse_unless_draft(self.frozen_study(), type(self), "add rows")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        _refuse_unless_draft(self.frozen_study(), type(self), "delete rows")
        return super().delete(*args, **kwargs)

    def frozen_study(self) -> Any:
        row: Any = self
        for name in self.study_path.split("__") if self.study_path else ():
            row = getattr(row, name)
        return row

    def _changed_fields(self) -> set[str]:
        stored = type(self)._base_manager.filter(pk=self.pk).values().first() or {}
        fields = {field.attname: field.name for field in self._meta.concrete_fields}
        return {fields[name] for name, value in stored.items() if getattr(self, name) != value}


class AppendOnlyQuerySet(models.QuerySet):
    """Rows can be read and added; nothing else."""

    def update(self, **changes: Any) -> int:
        raise AppendOnly(f"{self.model._meta.verbose_name} rows are never changed; add a new one.")

    def delete(self) -> tuple[int, dict[str, int]]:
        raise AppendOnly(f"{self.model._meta.verbose_name} rows are never deleted.")

    update.alters_data = True  # type: ignore[attr-defined]
    delete.alters_data = True  # type: ignore[attr-defined]


class Growing(models.Model):
    """A line of a log: written once."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly(f"{self._meta.verbose_name} rows are never changed; add a new one.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AppendOnly(f"{self._meta.verbose_name} rows are never deleted.")


def _refuse_unless_draft(study: Any, model: type[models.Model], act: str) -> None:
    status = type(study)._base_manager.filter(pk=study.pk).values_list("status", flat=True).first()
    if status is not None and status != DRAFT:
        raise StudyFrozen(
            f"“{study.title}” was opened and is frozen: cannot {act} of {model._meta.verbose_name}. "
            "What people judged must stay as they saw it; build a new study instead."
        )
