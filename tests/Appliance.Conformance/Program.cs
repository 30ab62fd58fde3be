using Appliance.Fix;
using Appliance.TestKit.Conformance;

// make fix-conformance: QuickFIX acceptance scripts against our acceptor. See README.md.
const string usage = """
    Runs QuickFIX acceptance scripts (*.def) against this project's FIX acceptor over TCP on loopback.

      make fix-conformance DEFS=DIR DICTIONARY=FILE [TRANSPORT_DICTIONARY=FILE] [OPTIONS="--real-time --mirror"]

      DEFS                  folder with the scripts, searched with its subfolders
      DICTIONARY            the application's data dictionary, in QuickFIX's XML format; it says the version
      TRANSPORT_DICTIONARY  the transport's (FIXT11.xml), for FIX 5.0 and later
      --real-time           let scripts wait in real time; otherwise the engine's clock moves on while nothing is under way
      --mirror              run the scripts against the initiator instead, where they have a mirror image

    Example: make fix-conformance DEFS=definitions/fix44 DICTIONARY=FIX44.xml
    Exit code: 0 all passed, 1 one failed, 2 bad input.
    """;

var files = new List<string>();
bool realTime = false, mirror = false;
foreach (string argument in args)
{
    if (argument is "--help" or "-h")
    {
        Console.WriteLine(usage);
        return 0;
    }
    if (argument == "--real-time") realTime = true;
    else if (argument == "--mirror") mirror = true;
    else if (argument.StartsWith('-')) return Bad($"{argument} is no option");
    else if (argument.Length > 0) files.Add(argument);
}
if (files.Count is < 2 or > 3) return Bad("DEFS and DICTIONARY are needed");
if (!Directory.Exists(files[0])) return Bad($"DEFS={files[0]} is no folder");
try
{
    var dictionaries = new FixDictionaries(FixDictionaryReader.Read(files[1]), files.Count > 2 ? FixDictionaryReader.Read(files[2]) : null);
    var scripts = Directory.EnumerateFiles(files[0], "*.def", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(ScriptFile.Read).ToList();
    if (scripts.Count == 0) return Bad($"DEFS={files[0]} has no *.def file");
    return Run(dictionaries, scripts);
}
catch (Exception e) when (e is FixDictionaryException or ScriptException or ArgumentException)
{
    return Bad(e.Message);
}

int Run(FixDictionaries dictionaries, List<ScriptFile> scripts)
{
    var runner = new ConformanceRunner(dictionaries, scripts, realTime);
    int passed = 0, failed = 0, left = 0;
    foreach (var script in scripts)
    {
        if (mirror && MirroredScript.WhyNot(script) is { } reason)
        {
            left++;
            Console.WriteLine($"not mirrored  {script.Name}: {reason}");
            continue;
        }
        var result = mirror ? runner.RunMirrored(script) : runner.Run(script);
        if (result.Passed) passed++;
        else failed++;
        Console.WriteLine(result.Passed ? $"passed  {result.Name}" : $"FAILED  {result.Name}: {result.Reason}");
    }
    Console.WriteLine($"{dictionaries.Version}{(mirror ? ", mirrored against the initiator" : "")}: {passed} passed, {failed} failed{(left > 0 ? $", {left} not mirrored" : "")}");
    return failed == 0 ? 0 : 1;
}

int Bad(string what)
{
    Console.Error.WriteLine(what);
    Console.Error.WriteLine(usage);
    return 2;
}
