"""What `reauth lab --help` and its verbs teach."""

TEACH = """\
Recordings of real people go through the code that watches sessions: who would have been caught,
how soon, and how often the owner would have been taken for somebody else. Nothing of an
installation is read or changed.

examples:
  reauth lab list                                what can be evaluated
  reauth lab evaluate --data DIR --unseen-impostors --out OUT
  reauth lab paper medvet --data ARCHIVES --out OUT

DIR holds <user>/<session>.csv (t_ms,ev,x,y), sessions in name order, or is a .tar.gz of that.
"""

EVALUATE = """\
Users with one recording are impostors and background only; of two the first enrols and the second
tests; of more the first 60 % enrol. With --unseen-impostors nobody who attacks a template was in
its training, calibration or limits; without it everybody was, and the report says so. Templates
are frozen before a test recording is opened, by processes that can read nothing else.

OUT/report.json holds every figure, OUT/report.md the same to read, *.svg the pictures. OUT/work
keeps finished units: start again after a stop, or with another policy, and only what is missing
is done. It holds movement of people: delete it with the recordings. Several evaluations may share
one --work.

--resample lays every recording on a grid before it is cut, as an old or remote machine would have
sent it: what is lost then was the device's clock. --without leaves out groups of features: timing,
or any that `reauth lab list` names. --seeds gives the first seed's report, with mean and range of
the main figures of all.

examples:
  reauth lab evaluate --data hbrs.tar.gz --unseen-impostors --seeds 1,2,3 --out out/hbrs
  reauth lab evaluate --data hbrs.tar.gz --unseen-impostors --resample 25 --out out/grid
  reauth lab evaluate --data DIR --verifier svm --policy window --windows 50,100 --seed 2 --out OUT
  reauth lab evaluate --data DIR --unseen-impostors --same-device-class --out OUT

next: read OUT/report.md; first the device probe and the shuffled labels, then the rest.
"""

PAPER = """\
The table of a paper in its own protocol on our data: published numbers beside ours, and why they
differ. Exit 1 if a row that is a requirement is outside its tolerance; a paper that nobody has
built yet is asked wrongly (2). `lu` needs the extra `boost`, and three minutes.

becaptcha judges --movements of each kind of program and twice as many of people; rows of networks
need torch: pip install 'reauth[torch]'.

examples:
  reauth lab paper medvet --data ../shared/data --out out/medvet
  reauth lab paper becaptcha --data ../shared/data --movements 300 --out out/becaptcha
"""

ABLATE = """\
The recommended verifier less one thing after the other: ratios, ranks, whole movements, each group
of features, timing; and boosted trees beside it. Every row with recordings as they are and on a
grid of 25 ms, for all impostors and for those of the user's device class, and how far it is above
the first row. Long work: what is finished is kept, and rows can be made one by one.

examples:
  reauth lab ablate --data hbrs.tar.gz --out out/ablation
  reauth lab ablate --data hbrs.tar.gz --only trees,without-timing --out out/ablation
"""

CURVE = """\
Error rates of the recommended verifier by the number of units that it was enrolled with: the newest
50, 100, 200 and so on of everybody who has so many. Long work; what is finished is kept.

example:
  reauth lab curve --data balabit_train.tar.gz --out out/curve
"""

RULES = """\
All policies on the same scores of the recommended verifier, each asked for more and fewer false
alarms: how soon a takeover is noticed where the rules cost the same. Some minutes of work.

example:
  reauth lab rules --data balabit_train.tar.gz --out out/rules
"""

DOCUMENT = """\
Reports of `lab evaluate`, `ablate`, `curve`, `rules`, `paper` and `poison`, each in a folder of its
own, as one document for people: protocol, error rates, delays, ingredients, papers, attacks,
and what must not be promised.

example:
  reauth lab document --reports out/evaluation --out EVALUATION.md
"""

POISON = """\
Somebody who knows the template and the policy sits at each user's account and adds, round by round,
the stretches of his own movement that are liked best and raise no alarm. Told is how much of his
other movement then passes: with the shipped adaptation (guarded), and with one that learns from
all that raised no alarm (open). Needs four people with four recordings each.

example:
  reauth lab poison --data balabit_train.tar.gz --out out/poison
"""

GAN = """\
A generator and a discriminator, two recurrent layers each, play against each other on movements
between two clicks, told every 20 ms. OUT gets the networks as arrays and JSON (gan.npz, gan.json),
the curves of their losses, and a picture of movements beside what the generator makes of the same
ways. Drawing needs no torch; training does: pip install 'reauth[torch]'. What comes out is made of
people's movement: keep it with the recordings.

example:
  reauth lab gan --data sapimouse.tar.gz --epochs 40 --seed 1 --out out/gan
"""
