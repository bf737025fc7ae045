"""A study seen while it runs: from its store, on Dask's dashboard, in a terminal and in a notebook.

What is seen is made of committed states and of what a reporter is told. Nothing of the study follows from it.
"""
