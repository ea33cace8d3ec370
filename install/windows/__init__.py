"""Builds what runs on Windows without Python or any other thing installed: one folder, in one zip.

`./dev windows-zip` builds it, on Linux, with Wine for the one step that only the Windows Python can do.
"""
