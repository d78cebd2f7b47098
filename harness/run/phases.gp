# SPDX-License-Identifier: GPL-2.0-or-later
# gnuplot -c phases.gp DATA SVG: bars of bench_chart.c's data, restored guests alone and beside booted ones.
names = "vmbench prepare start load agent boot program"
colours = "0x7f7f7f 0x9ecae1 0x4292c6 0x2171b5 0x084594 0xd94801 0x41ab5d"

set terminal svg size 960,480 font "sans-serif,13" background "white"
set output ARG2
set datafile separator "\t"
set style data histograms
set style histogram rowstacked
set style fill solid border lc rgb "white"
set boxwidth 0.7
set grid y
set yrange [0:*]
set ylabel "seconds"
set multiplot layout 1,2

set title "Restored from a snapshot"
unset key
plot for [i=1:7] ARG1 every ::0::1 using (column(i+1)):xtic(1) lc rgb (0 + word(colours, i))

set title "The same beside a cold boot"
set key top left reverse Left invert
plot for [i=1:7] ARG1 using (column(i+1)):xtic(1) lc rgb (0 + word(colours, i)) title word(names, i)
