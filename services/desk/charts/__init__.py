"""Pictures of reports as SVG or PNG. Everything is labelled in English and Korean, and can be read in grey.

Matplotlib is imported when the first picture is drawn: it takes half a second and some 45 MiB.
"""
