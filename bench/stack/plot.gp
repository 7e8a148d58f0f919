# stack.dat -> stack.svg: microseconds per operation, by case; run in build/bench/.
# `where` is given on the command line: the machine, the kernel and the date.
set terminal svg size 900,520 font "sans-serif,12" background "white"
set output "stack.svg"
set title "Time per operation\n{/*0.8 ".where."}" font ",14"
set ylabel "microseconds (logarithmic)"
set logscale y
set yrange [0.01:*]
set grid ytics lc rgb "#dddddd"
set style data histograms
set style histogram clustered gap 1
set style fill solid noborder
set xtics nomirror
set key outside top center horizontal
set datafile separator " "
plot "stack.dat" using 2:xtic(1) title "the kernel's loopback" lc rgb "#7f7f7f", \
     "" using 3 title "our own sockets" lc rgb "#1f77b4", \
     "" using 4 title "lwIP" lc rgb "#d62728"
