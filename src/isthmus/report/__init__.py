"""What people see: the terminal's tables, pictures, and one self-contained HTML page.

Nothing is imported here, so that the command line pays for `isthmus.report.terminal` alone.
"""
