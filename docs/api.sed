# What doxygen is shown of a header: its plain comments become documentation.
/^ *\/\/ /s#\\#\\\\#g
s#^( *)// #\1/// #
s#^( *)//$#\1///#
s#([;,])( *)// #\1\2///< #
