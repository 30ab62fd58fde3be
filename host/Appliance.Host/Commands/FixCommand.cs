using System.CommandLine;
using System.IO.Compression;
using Appliance.Fix;
using Appliance.Host.Configuration;

namespace Appliance.Host.Commands;

/// <summary>`appliance fix`: FIX logs made readable, and checked.</summary>
internal static class FixCommand
{
    public static Command Make() => new("fix", """
        Read FIX logs: decode shows each message field by field, check says which messages are wrong.

        Both read the program's message logs, other engines' logs, and a session's store, also while it is in use.

        Example: appliance fix decode out/messages/DESK-VENUE-20261121.log
        """) { Decode(), Check() };

    private static (Argument<string> File, Option<string?> Dictionary, Option<string?> Transport) Inputs() =>
    (
        new("file") { Description = "A log with FIX messages: bare ones, or one a line behind anything; separators SOH, '|' or ^A; plain or gzip. - is standard input. Or a session's store (NAME.fixstore).", HelpName = "FILE" },
        new("--dictionary") { Description = "Data dictionary in QuickFIX's XML format; without it the shipped one of each message's version.", HelpName = "FILE" },
        new("--transport-dictionary") { Description = "The transport's dictionary (FIXT.1.1) when --dictionary is of FIX 5.0 or later.", HelpName = "FILE" }
    );

    private static Command Decode()
    {
        var (file, dictionary, transport) = Inputs();
        var command = new Command("decode", """
            Print every message of a log: one line a field, with its name and what its value means.

            Example: appliance fix decode venue.log --dictionary FIX44.xml
            """) { file, dictionary, transport };
        command.SetAction(parsed =>
        {
            var choice = new DictionaryChoice(Load(parsed.GetValue(dictionary), parsed.GetValue(transport)));
            int count = 0;
            using var output = new StreamWriter(Console.OpenStandardOutput(), bufferSize: 1 << 16);
            foreach (var entry in Entries(parsed.GetValue(file)!))
            {
                if (count++ > 0) output.WriteLine();
                var header = FixHeader.Read(entry.Message);
                MessagePrinter.Print(output, entry, choice.For(entry.Message, in header));
            }
            if (count == 0) throw new BadInputException($"{parsed.GetValue(file)}: no FIX message is in it (none begins with 8=FIX)");
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Check()
    {
        var (file, dictionary, transport) = Inputs();
        var userTags = new Option<bool>("--allow-user-tags") { Description = "Let tags from 5000 on pass that the dictionary does not have." };
        var command = new Command("check", """
            Check every message of a log: length and checksum, header, everything that the dictionary says, and the sequence numbers of each direction.
            Prints what is wrong with its line; exit code 1 when something is.

            Example: appliance fix check venue.log --dictionary FIX44.xml
            """) { file, dictionary, transport, userTags };
        command.SetAction(parsed =>
        {
            string name = parsed.GetValue(file)!;
            var check = new LogCheck(Load(parsed.GetValue(dictionary), parsed.GetValue(transport)),
                new FixValidationOptions { Level = FixValidation.Full, CheckUserTags = !parsed.GetValue(userTags) });
            int wrong = 0;
            using var output = new StreamWriter(Console.OpenStandardOutput(), bufferSize: 1 << 16);
            foreach (var entry in Entries(name))
            {
                var problems = check.Check(entry);
                if (problems.Count > 0) wrong++;
                foreach (string problem in problems) output.WriteLine($"{name}:{entry.Line}: message {check.Messages}: {problem}");
            }
            if (check.Messages == 0) throw new BadInputException($"{name}: no FIX message is in it (none begins with 8=FIX)");
            output.WriteLine($"{check.Messages} messages, {wrong} wrong");
            return wrong == 0 ? ExitCode.Done : ExitCode.Failed;
        });
        return command;
    }

    private static IEnumerable<FixLogEntry> Entries(string file)
    {
        if (file == "-") return Sound(file, FixLogReader.Read(Plain(Console.OpenStandardInput())));
        if (!File.Exists(file)) throw new BadInputException($"{file}: {(Directory.Exists(file) ? "it is a folder; name a file" : "there is no such file")}");
        if (!StoreFileReader.IsStore(file)) return Sound(file, FixLogReader.Read(Plain(File.OpenRead(file))));
        try
        {
            return [.. StoreFileReader.Read(file).Select((stored, i) => new FixLogEntry(i + 1, StoreFileReader.Describe(stored.About), Masked(stored.Message)))];
        }
        catch (InvalidDataException e)
        {
            throw new BadInputException(e.Message);
        }
    }

    /// <summary>A gzip file that is cut short or damaged ends with a sentence; what was read before it was shown.</summary>
    private static IEnumerable<FixLogEntry> Sound(string file, IEnumerable<FixLogEntry> entries)
    {
        using var each = entries.GetEnumerator();
        while (true)
        {
            try
            {
                if (!each.MoveNext()) yield break;
            }
            catch (InvalidDataException e)
            {
                throw new BadInputException($"{file}: is gzip that is cut short or damaged ({e.Message.TrimEnd('.')}); what it held up to there was read");
            }
            yield return each.Current;
        }
    }

    /// <summary>What a gzip file holds, which its first two bytes tell; another stream as it is.</summary>
    private static Stream Plain(Stream stream)
    {
        var buffered = new PeekedStream(stream, 2);
        return buffered.Peeked.SequenceEqual((ReadOnlySpan<byte>)[0x1F, 0x8B]) ? new GZipStream(buffered, CompressionMode.Decompress) : buffered;
    }

    private static byte[] Masked(byte[] message)
    {
        SecretFields.Mask(message, SecretFields.Usual);
        return message;
    }

    private static FixDictionaries? Load(string? application, string? transport)
    {
        try
        {
            if (application is not null)
                return new FixDictionaries(FixDictionaryReader.Read(application), transport is null ? null : FixDictionaryReader.Read(transport));
            return transport is null ? null : throw new BadInputException("--transport-dictionary goes with --dictionary");
        }
        catch (Exception e) when (e is FixDictionaryException or ArgumentException)
        {
            throw new BadInputException(e.Message);
        }
    }
}
