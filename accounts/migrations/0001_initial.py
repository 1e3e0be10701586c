"""People, with the indexes they are found by and kept unique by."""

import django_mongodb_backend.fields
from django.db import migrations, models

import accounts.fields
import accounts.models


class Migration(migrations.Migration):
    initial = True

    dependencies = ()

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    django_mongodb_backend.fields.ObjectIdAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("email", accounts.fields.LowerCaseEmailField(max_length=254, unique=True)),
                ("first_name", models.CharField(max_length=60)),
                ("last_name", models.CharField(max_length=60)),
                ("document", models.CharField(blank=True, max_length=14, null=True, unique=True)),
                (
                    "role",
                    models.CharField(
                        choices=[("USER", "User"), ("ADMIN", "Administrator")], default="USER", max_length=5
                    ),
                ),
                ("is_system", models.BooleanField(default=False, editable=False)),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(default=accounts.models.moment, editable=False)),
                (
                    "search_names",
                    django_mongodb_backend.fields.ArrayField(
                        base_field=models.CharField(max_length=240), default=list, editable=False
                    ),
                ),
            ],
            options={
                "db_table": "accounts_users",
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["email"], name="accounts_email"),
                    models.Index(fields=["search_names"], name="accounts_search_names"),
                    models.Index(fields=["-created_at", "-id"], name="accounts_newest"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("is_system", True)), fields=("is_system",), name="accounts_one_system_user"
                    )
                ],
            },
        ),
    ]
