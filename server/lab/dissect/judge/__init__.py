"""The judge, a segmenter trained apart from the one that chose: what brushes and generator are worth.

- `comparison`: whether a brush does clearly more than random units;
- `verdict`: a concept's brushes on fresh pictures;
- `table`: the verdicts as Markdown;
- `context`: what a concept can be drawn on;
- `realism`: measures of how good pictures are;
- `artifacts`: units whose removal makes pictures better by such a measure;
- `areas`: of concepts, in samples and in training scenes.
"""
