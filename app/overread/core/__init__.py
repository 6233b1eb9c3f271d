"""The ground everything stands on: geometry, volumes, roles, readings, truth, progress, errors. numpy only."""
