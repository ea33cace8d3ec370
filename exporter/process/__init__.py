"""The process that serves: what it runs, how it is started, told things and stopped."""
