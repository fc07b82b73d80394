"""What a dissection leaves: a folder of files, and pages for people.

- `dissection`: the brushes, as the server reads them;
- `results`: the other files of a results folder and what each holds;
- `netdissect`: the same results as the 2018 tool writes them;
- `build`: the report's data and pictures, beside its page;
- `removals`: things removed by brushes and by inpaintings, as `unitbrush compare` found;
- `sheet`: pictures of what the segmenter sees of each concept;
- `colours`: of concepts;
- `page`: HTML, CSS and JavaScript, the same for every model; opens from the file system.
"""
