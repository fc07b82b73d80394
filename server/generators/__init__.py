"""The network families a picture can be drawn with, and the loader of their weights."""
