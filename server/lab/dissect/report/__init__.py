"""What a dissection leaves: a folder of files, and pages for people.

results     the files of a results folder and what each holds
build       the report's data and pictures, beside its page
colours     of concepts
page        HTML, CSS and JavaScript, the same for every model; opens from the file system
"""
