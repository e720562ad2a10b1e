"""Tests of main/backup."""
