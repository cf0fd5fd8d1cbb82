"""`ft ctl`: what it says to a server, and what it makes of the answer."""
import socket
import threading
import unittest

from programs import run, temporary_folder


class Asking(unittest.TestCase):
    def asked(self, answer, *words):
        """What a server that gives this answer was asked, and how the command ended."""
        with temporary_folder() as folder, socket.socket(socket.AF_UNIX) as listener:
            path = f"{folder}/control"
            listener.bind(path)
            listener.listen()
            listener.settimeout(60)
            heard = []

            def serve():
                with listener.accept()[0] as peer:
                    heard.append(peer.recv(1000).decode())
                    peer.sendall(answer)

            server = threading.Thread(target=serve)
            server.start()
            done = run("ctl", path, *words)
            server.join()
            return heard, done

    def test_a_command_is_a_line_and_its_answer_is_printed(self):
        heard, done = self.asked(b"draining\n", "drain")
        self.assertEqual(heard, ["drain\n"])
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "draining\n", ""))

    def test_words_are_one_command(self):
        heard, done = self.asked(b"ended connection 7\n", "kill", "7")
        self.assertEqual(heard, ["kill 7\n"])
        self.assertEqual(done.returncode, 0)

    def test_an_error_of_the_server_is_ours(self):
        _, done = self.asked(b"error: there is no connection 7\n", "kill", "7")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertEqual(done.stderr, "error: there is no connection 7\n")

    def test_a_server_that_says_nothing_is_an_error(self):
        _, done = self.asked(b"", "status")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("recv: the peer finished early", done.stderr)

    def test_where_nobody_listens(self):
        with temporary_folder() as folder:
            done = run("ctl", f"{folder}/nobody", "status")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("connect ", done.stderr)
        self.assertIn("No such file or directory", done.stderr)

    def test_an_address_that_is_no_path_is_bad_usage(self):
        done = run("ctl", "127.0.0.1:7777", "status")
        self.assertEqual(done.returncode, 2)
        self.assertIn("in the Unix domain", done.stderr)


if __name__ == "__main__":
    unittest.main()
