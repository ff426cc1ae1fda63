"""`make docs`: the pages of this repository, made and checked. What a command can produce stands in a page between two
comments, and the command is the first of them:

    <!-- made by: extractor settings -->           <!-- example; show /status /result/data -->
    what it prints                                 a fence with what one types, a fence with what comes back
    <!-- end -->                                   <!-- end -->

`page.py` finds these regions, `example.py` runs an example, `answer.py` writes and compares what came back, `book.py`
goes through the pages with a running service, `runs.py` keeps what the slow commands measured, `figures.py` makes
tables of that, `calls.py` the table of the API's calls, `pictures.py` draws. Nothing that extracts needs this room.
"""
