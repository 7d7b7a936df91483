"""Tests that the code keeps its shape."""
