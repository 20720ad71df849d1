#!/bin/sh
# A computer that shows one page of turnero and nothing else: a kiosk, a television. On Debian or Raspberry Pi OS Lite, without a
# desktop:
#
#   apt install xserver-xorg xinit x11-xserver-utils openbox chromium
#   xinit /usr/local/bin/kiosk.sh 'http://SERVER:3000/public.html' -- -nocursor    # on a touch screen too
#
# As a user of its own, from its ~/.profile after an automatic sign-in (raspi-config), or from a service. A line of ~/.profile begins
# with: [ "$(tty)" = /dev/tty1 ] && exec xinit …    so that a sign-in from elsewhere is none of its business.

xset s off -dpms 2>/dev/null    # the screen stays on
openbox &

# Some systems have it under its older name.
browser=$(command -v chromium || command -v chromium-browser) || { echo "Chromium is missing" >&2; exit 1; }

# Whatever ends the browser, it comes again, without a question about the last time.
while :; do
    "$browser" --kiosk --kiosk-printing --disable-pinch --overscroll-history-navigation=0 \
        --autoplay-policy=no-user-gesture-required --no-first-run --password-store=basic \
        --hide-crash-restore-bubble --noerrdialogs "$@"
    sleep 2
done
