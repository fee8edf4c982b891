"""Own what is told live of sites: the present day of each as its files grow, and who hears of it."""

from attendance.live.following import LiveDay
from attendance.live.happenings import Happening, Shown, What
from attendance.live.places import Place, Places
from attendance.live.watching import Live, Watch

__all__ = ["Happening", "Live", "LiveDay", "Place", "Places", "Shown", "Watch", "What"]
