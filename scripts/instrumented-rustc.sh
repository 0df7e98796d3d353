#!/bin/sh
# Cargo calls this in place of rustc for members of the workspace.
exec "$@" -C instrument-coverage
