"""The configuration file: what it may hold, what is taken when it does not, and all that is wrong with it at once."""

from exporter.config.load import ConfigError, load_config
from exporter.config.located_yaml import Problem
from exporter.config.schema import Config, Defaults, Limits, Site, Template, Web

__all__ = ["Config", "ConfigError", "Defaults", "Limits", "Problem", "Site", "Template", "Web", "load_config"]
