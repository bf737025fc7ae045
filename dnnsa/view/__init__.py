"""What people read of a study's results: tables, plain values for machines, and figures.

``dnnsa.view.figures`` loads matplotlib when it is imported, so the command line imports it where it draws.
"""
