"""What people on duty see and decide. The command line and a page both call these functions."""
