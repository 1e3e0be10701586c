"""What other apps may want to hear about people. Signing in and out have Django's own signals."""

from django.dispatch import Signal

# Sent after a person was given a role, or was made the system user, and that is stored. Arguments:
#   user: the User; old_role: the Role before, None for somebody new; new_role: the Role now;
#   is_system: whether the person is the system user now.
role_changed = Signal()
