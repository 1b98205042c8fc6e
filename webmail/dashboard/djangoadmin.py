"""Django's admin application with our site in it, and only our models on it.

`webmail.urls` loads the dashboard's pages: mail processes, jobs and workers have no use for them, and their import
takes a third of such a process's start.
"""

from django.contrib.admin.apps import SimpleAdminConfig


class SiteConfig(SimpleAdminConfig):
    default_site = "webmail.dashboard.site.Dashboard"
